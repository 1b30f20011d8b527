/** Finds and loads the native module: on first use, so that an import costs nothing. */
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

function find(): NativeModule {
  const own = process.env['THREADLINE_NATIVE'];
  if (own) return require(own) as NativeModule;
  const word = platform();
  const tried: unknown[] = [];
  for (const place of [`../threadline.${word}.node`, `threadline-${word}`]) {
    try {
      return require(place) as NativeModule;
    } catch (error) {
      if ((error as { code?: string }).code !== 'MODULE_NOT_FOUND') throw error;
      tried.push(error);
    }
  }
  throw new Error(
    `The native module of threadline for ${word} is not installed. It is the optional dependency \`threadline-${word}\`: ` +
      'install again with optional dependencies, on the platform that runs the program.',
    { cause: tried[tried.length - 1] },
  );
}
