/** Paths as template texts, with arguments that cannot lead elsewhere. */
import { encodeURIPath, isNothing, refused, type Wrong } from '../path';

export { encodeURIPath };

/** A tag for templates of paths; its arguments are encoded by this function. */
export const createPathTagFunction =
  (pathEncoder: typeof encodeURIPath = encodeURIPath) =>
  (statics: readonly string[], ...params: readonly unknown[]): string => {
    if (statics.length === 1) return statics[0]!;
    const wrong: Wrong[] = [];
    let text = '';
    let isBehindPath = false;
    statics.forEach((piece, at) => {
      text += piece;
      isBehindPath ||= /[?#]/.test(piece);
      if (at === params.length) return;
      const value = params[at];
      if (isNothing(value)) {
        const shown = String(value);
        const kind = Object.prototype.toString.call(value).slice(8, -1);
        wrong.push({ start: text.length, length: shown.length, why: `Value of type ${kind} is not a valid path parameter` });
        text += shown;
      } else text += (isBehindPath ? encodeURIComponent : pathEncoder)(String(value));
    });
    // What stands between two slashes by now, from wherever it came.
    for (const found of text.split(/[?#]/, 1)[0]!.matchAll(/(?<=^|\/)(?:\.|%2e){1,2}(?=\/|$)/gi)) {
      const [dots] = found;
      wrong.push({ start: found.index, length: dots.length, why: `Value "${dots}" can't be safely passed as a path parameter` });
    }
    if (wrong.length > 0) throw refused(text, wrong);
    return text;
  };

/** The tag for paths of the API. */
export const path = createPathTagFunction();
