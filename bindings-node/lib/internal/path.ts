/** Arguments in the paths of routes. */
import { OpenAIError } from '../core/error';

/** A text as one or more segments: what must not stand in a path is percent-encoded. */
export function encodeURIPath(text: string): string {
  return text.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@]+/g, encodeURIComponent);
}

/** What must not stand in a path, where, and why. */
export interface Wrong {
  start: number;
  length: number;
  why: string;
}

/** A route's path with these arguments; those that would lead elsewhere are refused. */
export function segments(template: string, names: readonly string[], values: readonly unknown[]): string {
  const wrong: Wrong[] = [];
  let path = '';
  let rest = template;
  names.forEach((name, at) => {
    const whole = rest.includes(`{+${name}}`);
    const place = whole ? `{+${name}}` : `{${name}}`;
    const [before, ...behind] = rest.split(place);
    rest = behind.join(place);
    path += before;
    const value = values[at];
    const text = whole || isNothing(value) ? String(value) : encodeURIPath(String(value));
    if (isNothing(value)) {
      const kind = Object.prototype.toString.call(value).slice(8, -1);
      wrong.push({ start: path.length, length: text.length, why: `Value of type ${kind} is not a valid path parameter` });
    } else if (!whole && /^(?:\.|%2e){1,2}$/i.test(text)) {
      wrong.push({ start: path.length, length: text.length, why: `Value "${text}" can't be safely passed as a path parameter` });
    }
    path += text;
  });
  path += rest;
  if (wrong.length === 0) return path;
  throw refused(path, wrong);
}

/** The error that says what is wrong with a path, and marks where. */
export function refused(path: string, wrong: Wrong[]): OpenAIError {
  wrong.sort((one, other) => one.start - other.start);
  const marks = wrong.reduce((line, { start, length }) => line.padEnd(start) + '^'.repeat(length), '');
  const why = wrong.map((one) => one.why).join('\n');
  return new OpenAIError(`Path parameters result in path with invalid segments:\n${why}\n${path}\n${marks}`);
}

/** Whether a value says nothing as a text. */
export function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== 'object') return false;
  // Objects of another realm have another `Object`.
  let root: any = value;
  for (let next = root; next !== null; next = Object.getPrototypeOf(next)) root = next;
  return value.toString === Object.prototype.toString || (root !== value && value.toString === root.toString);
}
