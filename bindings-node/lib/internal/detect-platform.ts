/** Where a program runs. Servers and proxies know programs by it. */
import { OpenAIError } from '../core/error';
import { VERSION } from '../version';

type Arch = 'x32' | 'x64' | 'arm' | 'arm64' | `other:${string}` | 'unknown';
type PlatformName = 'MacOS' | 'Linux' | 'Windows' | 'FreeBSD' | 'OpenBSD' | 'iOS' | 'Android' | `Other:${string}` | 'Unknown';
type Browser = 'ie' | 'edge' | 'chrome' | 'firefox' | 'safari';

type PlatformProperties = {
  'X-Stainless-Lang': 'js';
  'X-Stainless-Package-Version': string;
  'X-Stainless-OS': PlatformName;
  'X-Stainless-Arch': Arch;
  'X-Stainless-Runtime': 'node' | 'deno' | 'edge' | `browser:${Browser}` | 'unknown';
  'X-Stainless-Runtime-Version': string;
};

/** Whether this is a browser: with a document and a navigator. */
export const isRunningInBrowser = (): boolean => {
  const { window, navigator } = globalThis as any;
  return typeof window !== 'undefined' && typeof window.document !== 'undefined' && typeof navigator !== 'undefined';
};

const EXPOSED =
  "It looks like you're running in a browser-like environment: a key here can be read by everyone who opens the page, so this is off by default. " +
  'Where that is meant and guarded against, set the `dangerouslyAllowBrowser` option to `true`: ' +
  'new OpenAI({ apiKey, dangerouslyAllowBrowser: true })';

/** Keeps keys out of pages, unless the program says that it is meant. */
export function refuseBrowsers(): void {
  if (isRunningInBrowser()) throw new OpenAIError(EXPOSED);
}

let found: PlatformProperties | undefined;

/** Headers that say so. */
export const getPlatformHeaders = (): PlatformProperties => (found ??= look());

function look(): PlatformProperties {
  const { Deno, EdgeRuntime, process, navigator } = globalThis as any;
  const version = process?.version ?? 'unknown';
  if (Deno !== undefined) {
    const own = typeof Deno.version === 'string' ? Deno.version : (Deno.version?.deno ?? 'unknown');
    return headers(systemName(Deno.build.os), archName(Deno.build.arch), 'deno', own);
  }
  if (EdgeRuntime !== undefined) return headers('Unknown', `other:${EdgeRuntime}`, 'edge', version);
  if (process !== undefined && Object.prototype.toString.call(process) === '[object process]') {
    return headers(systemName(process.platform ?? 'unknown'), archName(process.arch ?? 'unknown'), 'node', version);
  }
  const browser = browserOf(navigator?.userAgent);
  if (browser) return headers('Unknown', 'unknown', `browser:${browser.name}`, browser.version);
  return headers('Unknown', 'unknown', 'unknown', 'unknown');
}

function headers(os: PlatformName, arch: Arch, runtime: PlatformProperties['X-Stainless-Runtime'], version: string): PlatformProperties {
  return {
    'X-Stainless-Lang': 'js',
    'X-Stainless-Package-Version': VERSION,
    'X-Stainless-OS': os,
    'X-Stainless-Arch': arch,
    'X-Stainless-Runtime': runtime,
    'X-Stainless-Runtime-Version': version,
  };
}

/** In this order: the names of older browsers stand in those of newer ones. */
const BROWSERS: Array<[Browser, RegExp]> = [
  ['edge', /Edge(?:\W+(\d+)\.(\d+)(?:\.(\d+))?)?/],
  ['ie', /MSIE(?:\W+(\d+)\.(\d+)(?:\.(\d+))?)?/],
  ['ie', /Trident(?:.*rv:(\d+)\.(\d+)(?:\.(\d+))?)?/],
  ['chrome', /Chrome(?:\W+(\d+)\.(\d+)(?:\.(\d+))?)?/],
  ['firefox', /Firefox(?:\W+(\d+)\.(\d+)(?:\.(\d+))?)?/],
  ['safari', /(?:Version\W+(\d+)\.(\d+)(?:\.(\d+))?)?(?:\W+Mobile\S*)?\W+Safari/],
];

function browserOf(userAgent: string | undefined): { name: Browser; version: string } | undefined {
  if (!userAgent) return undefined;
  for (const [name, pattern] of BROWSERS) {
    const match = pattern.exec(userAgent);
    if (match) return { name, version: [1, 2, 3].map((at) => match[at] ?? 0).join('.') };
  }
  return undefined;
}

const ARCHITECTURES: Record<string, Arch> = { x32: 'x32', x86_64: 'x64', x64: 'x64', arm: 'arm', aarch64: 'arm64', arm64: 'arm64' };
const SYSTEMS: Record<string, PlatformName> = {
  android: 'Android', darwin: 'MacOS', win32: 'Windows', freebsd: 'FreeBSD', openbsd: 'OpenBSD', linux: 'Linux',
};

function archName(arch: string): Arch {
  return ARCHITECTURES[arch] ?? (arch ? `other:${arch}` : 'unknown');
}

function systemName(platform: string): PlatformName {
  const name = platform.toLowerCase();
  if (name.includes('ios')) return 'iOS';
  return SYSTEMS[name] ?? (name ? `Other:${name}` : 'Unknown');
}
