/**
 * CPU and memory beside the official package, in one run: `cargo xtask bench node`. Each figure is the least of several rounds, each
 * in a process of its own: CPU time (user and system) of the client's process only.
 */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);
const require = createRequire(import.meta.url);
const PACKAGES = { openai: 'openai', threadline: '../dist/index.js' };
const ROUNDS = 3;
const CHUNKS = 500;
const PARAMS = { model: 'm', messages: [{ role: 'user', content: 'hello' }], temperature: 0.5 };

/** Scenario, unit, what is asked for as a ratio to the official package. */
const SCENARIOS = [
  ['import', 'ms', '1/3'],
  ['memory', 'MB', '1/2'],
  ['serial call', 'us', '1/6'],
  ['64 concurrent', 'us', '1/8'],
  ['stream chunk', 'us', '1/6'],
  ['embeddings as JSON', 'us', '1/2'],
  ['embeddings, default', 'us', '1/2'],
  ['embeddings, typed', 'us', '1/5'],
];

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

async function each(work, count, warm) {
  for (let round = 0; round < warm; round += 1) await work();
  const begin = cpu();
  for (let round = 0; round < count; round += 1) await work();
  return (cpu() - begin) / count;
}

async function measure(name, scenario, port) {
  const begin = cpu();
  const { OpenAI } = require(PACKAGES[name]);
  if (scenario === 'import') return (cpu() - begin) / 1000;
  const options = { apiKey: 'k', baseURL: `http://127.0.0.1:${port}/v1` };
  if (scenario === 'embeddings, typed' && name === 'threadline') options.vectors = 'float32';
  const client = new OpenAI(options);
  const create = () => client.chat.completions.create(PARAMS);
  switch (scenario) {
    case 'memory': {
      const begin = process.memoryUsage.rss();
      for (let round = 0; round < 10_000; round += 50) await Promise.all(Array.from({ length: 50 }, create));
      return (process.memoryUsage.rss() - begin) / 1e6;
    }
    case 'serial call':
      return each(create, 3000, 2000);
    case '64 concurrent':
      return (await each(() => Promise.all(Array.from({ length: 64 }, create)), 100, 60)) / 64;
    case 'stream chunk': {
      const read = async () => {
        let count = 0;
        for await (const event of await client.chat.completions.create({ ...PARAMS, stream: true })) if (event) count += 1;
        if (count !== CHUNKS) throw new Error(`${count} events`);
      };
      return (await each(read, 100, 60)) / CHUNKS;
    }
    case 'embeddings as JSON':
      return each(() => client.embeddings.create({ model: 'm', input: 'x', encoding_format: 'float' }), 100, 30);
    default:
      return each(() => client.embeddings.create({ model: 'm', input: 'x' }), 100, 30);
  }
}

function best(name, scenario, port) {
  const run = () => Number(execFileSync(process.execPath, [here, '--one', name, scenario, port], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
  return Math.min(...Array.from({ length: ROUNDS }, run));
}

async function main() {
  const server = spawn(process.execPath, [fileURLToPath(new URL('server.mjs', import.meta.url))], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const port = await new Promise((resolve) => server.stdout.once('data', (line) => resolve(String(line).trim())));
    // The package does not export it.
    const { version } = JSON.parse(readFileSync(new URL('node_modules/openai/package.json', import.meta.url), 'utf8'));
    console.log(`scenario               openai ${version}     threadline    ratio    asked`);
    for (const [scenario, unit, asked] of SCENARIOS) {
      const theirs = best('openai', scenario, port);
      const ours = best('threadline', scenario, port);
      const ratio = `1/${(theirs / ours).toFixed(1)}`;
      console.log(`${scenario.padEnd(22)} ${theirs.toFixed(1).padStart(10)} ${unit} ${ours.toFixed(1).padStart(10)} ${unit} ${ratio.padStart(8)} ${asked.padStart(8)}`);
    }
  } finally {
    server.kill();
  }
}

if (process.argv[2] === '--one') {
  const [name, scenario, port] = process.argv.slice(3);
  console.log(await measure(name, scenario, port));
} else {
  await main();
}
