/**
 * Tells systemd that the broker answers, where its unit asks for that (`Type=notify`, `NotifyAccess=all`). The message goes
 * through systemd's own tool: node has no sockets of that kind. Control thread.
 */
import type { Logger } from '../base/logger.ts';

/** Does nothing where no service manager waits. */
export async function tellReady(env: NodeJS.ProcessEnv, logger: Logger): Promise<void> {
  if (!env.NOTIFY_SOCKET) return;
  const { execFile } = await import('node:child_process');
  execFile('systemd-notify', ['--ready'], { env }, (error) => {
    if (error) logger.warn({ error: error.message }, 'the service manager could not be told that the broker is ready');
  });
}
