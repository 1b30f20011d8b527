/** JSON that a model or a server has written, read so that an error does not repeat it. */

/** The value of a text; `what` is it said to be in the error. */
export function readJSON(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The platform's message quotes the text.
    throw new SyntaxError(`Error reading response: ${what}.`);
  }
}

/** An answer, or the arguments of a call. */
export const readStructured = (text: string): unknown => readJSON(text, 'invalid structured output JSON');
