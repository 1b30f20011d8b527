/** Packs `dist/`: `pack.mjs FOLDER PLATFORM [--split]`. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const [out, platform, split] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(join(dist, 'package.json'), 'utf8'));
const module = `threadline.${platform}.node`;
const [os, cpu, libc] = platform.split('-');

/** All platforms that a registry holds a module for, as napi-rs lays them out. */
const PLATFORMS = [
  'darwin-arm64', 'darwin-x64', 'linux-arm64-gnu', 'linux-arm64-musl', 'linux-x64-gnu', 'linux-x64-musl', 'win32-arm64-msvc', 'win32-x64-msvc',
];

function pack(folder) {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', out], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}

if (split) {
  const folder = join(out, platform);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(dist, module), join(folder, module));
  const own = {
    name: `threadline-${platform}`,
    version: manifest.version,
    description: `The native module of threadline for ${platform}`,
    license: manifest.license,
    main: module,
    files: [module],
    engines: manifest.engines,
    os: [os],
    cpu: [cpu],
    ...(os === 'linux' ? { libc: [libc === 'musl' ? 'musl' : 'glibc'] } : {}),
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(own, null, 2)}\n`);
  pack(folder);
  manifest.optionalDependencies = Object.fromEntries(PLATFORMS.map((word) => [`threadline-${word}`, manifest.version]));
  const kept = join(out, module);
  renameSync(join(dist, module), kept);
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  pack(dist);
  renameSync(kept, join(dist, module));
} else {
  // Modules of another build have no place in this one.
  for (const name of readdirSync(dist)) if (name.endsWith('.node') && name !== module) rmSync(join(dist, name));
  pack(dist);
}
console.log(`packed into ${out}: ${readdirSync(out).filter((name) => name.endsWith('.tgz')).join(', ')}`);
