/** A picture of a report page, by a browser without a window, where the machine has one. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
const SECONDS_MAX = 90;
/** For scripts of the page to draw, in the browser's own time. */
const DRAW_MS = 5000;

/** Writes a PNG; returns why not, or undefined when it is there. */
export function screenshot(page: string, png: string, size = '1460,1640'): string | undefined {
  const browser = BROWSERS.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
  if (browser === undefined) return `no browser (${BROWSERS.join(', ')})`;
  rmSync(png, { force: true });
  // As root a browser refuses to run in its sandbox; the page is our own and has no network.
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const flags = ['--headless', ...root, '--disable-gpu', '--hide-scrollbars', `--virtual-time-budget=${DRAW_MS}`];
  const where = [`--window-size=${size}`, `--screenshot=${resolve(png)}`, pathToFileURL(resolve(page)).href];
  const { stderr } = spawnSync(browser, [...flags, ...where], { encoding: 'utf8', timeout: SECONDS_MAX * 1000 });
  return existsSync(png) ? undefined : `${browser} made none: ${stderr.trim().slice(-300)}`;
}
