/** Finds and loads the native module: on first use, so that an import costs nothing. */
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import type { NativeModule } from './native';

let loaded: NativeModule | undefined;

/** The native module. */
export function nativeModule(): NativeModule {
  return (loaded ??= find());
}

/** The word of the platform's package: `linux-x64-gnu`. */
export function platform(): string {
  const { platform, arch } = process;
  if (platform === 'linux') {
    return `linux-${arch}-${isMusl() ? 'musl' : 'gnu'}`;
  }
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

function isMusl(): boolean {
  const report = process.report as { excludeNetwork?: boolean } | undefined;
  if (!report) return false;
  // The report looks up the names of all connections otherwise.
  report.excludeNetwork = true;
  const header = (process.report!.getReport() as { header?: { glibcVersionRuntime?: string } }).header;
  return !header?.glibcVersionRuntime;
}

/** Names under which programs install this package: its own, and that of the package whose place it takes. */
const NAMES = ['threadline', 'openai'];

function find(): NativeModule {
  const own = process.env['THREADLINE_NATIVE'];
  const word = platform();
  const module = `threadline.${word}.node`;
  const tried: unknown[] = [];
  for (const [at, base] of places().entries()) {
    // Not `require` itself: bundlers would look for the file when they bundle, and not where the program runs.
    const near = createRequire(base);
    if (own) return near(own) as NativeModule;
    // A bundle has the module beside it, or in a folder of packages above it.
    const names = at === 0 ? [`../${module}`, `./${module}`, `threadline-${word}`] : [`./${module}`, `threadline-${word}`];
    for (const name of [...names, ...NAMES.map((name) => `${name}/${module}`)]) {
      try {
        return near(name) as NativeModule;
      } catch (error) {
        const { code } = error as { code?: string };
        if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error;
        tried.push(error);
      }
    }
  }
  throw new Error(
    `The native module of threadline for ${word} is not installed. It is the optional dependency \`threadline-${word}\`: ` +
      'install again with optional dependencies, on the platform that runs the program. A bundle needs it in a `node_modules` above it, ' +
      `or the file \`${module}\` beside it.`,
    { cause: tried[0] },
  );
}

/** Files beside which the module is looked for: this one, the program's, any of the folder it runs in. */
export function places(): string[] {
  const here = typeof __filename === 'string' && isAbsolute(__filename) ? [__filename] : [];
  const main = process.argv[1];
  return [...here, ...(main && isAbsolute(main) ? [main] : []), join(process.cwd(), 'index.js')];
}
