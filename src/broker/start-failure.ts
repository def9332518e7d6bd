/** Why a broker did not start, and what to do about it, as the last line of its log says it. Pure; control thread. */
import { StorageError } from '../storage/storage-error.ts';

/** What the system says, by its first words and names; the first that fits counts. */
const FIXES: readonly (readonly [said: RegExp, fix: string])[] = [
  [/^listen EADDRINUSE/, 'stop the process that has the port (ss -ltnp shows it), or name another in listeners'],
  [/^listen EACCES/, 'choose a port above 1023, or give the process CAP_NET_BIND_SERVICE'],
  [
    /^listen EADDRNOTAVAIL|^getaddrinfo /,
    'listeners takes names and addresses of this machine; those that clients are told stand in advertised.listeners',
  ],
  [/^another process uses the directory/, 'stop the other broker, or name another folder in log.dirs'],
  [/: (EACCES|EPERM|EROFS)$/, 'let the user of this process write there, or name another folder in log.dirs'],
  [/^cannot (make|lock) .*: ENOENT$/, 'no folder can be made there: name another one in log.dirs'],
  [/: (EEXIST|ENOTDIR)$/, 'log.dirs names folders, and this is a file'],
  [
    /^no meta\.properties beside the metadata log/,
    'put the file back (version=1, cluster.id and node.id are all it needs; other folders of log.dirs have the same), or name an empty folder for a new cluster',
  ],
  [/^EAGAIN$/, 'no thread can be made: raise ulimit -u, or pids.max of the control group'],
  [/^belongs to node /, 'set node.id to the number that the folder has, or name another folder in log.dirs'],
];

export interface StartFailure {
  readonly error: string;
  readonly fix?: string;
}

/** With the stack where nobody has thought of the failure. */
export function startFailure(error: Error): StartFailure {
  const fix = FIXES.find(([said]) => said.test(error.message))?.[1];
  if (fix !== undefined) return { error: error.message, fix };
  return { error: error instanceof StorageError ? error.message : String(error.stack) };
}
