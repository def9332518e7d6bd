/** Where this package lies, whether it runs from its sources or from a bundle. Any thread, at start. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let root = dirname(fileURLToPath(import.meta.url));
while (!existsSync(join(root, 'package.json')) && dirname(root) !== root) root = dirname(root);

/** Folder of the package's own package.json. */
export const packageRoot = root;

/** Extension of this program's modules: `ts` from the sources, `js` from a bundle. */
export const moduleExtension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
