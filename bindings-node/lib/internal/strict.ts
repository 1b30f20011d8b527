/** Schemas as the service takes them with `strict: true`. */
import { fromNative } from '../core/error.js';
import { nativeModule } from './native.js';

/** The strict form of a schema; refuses one that has none, and says why. */
export function strictSchema(schema: unknown): Record<string, unknown> {
  try {
    return JSON.parse(nativeModule().strict(JSON.stringify(schema))) as Record<string, unknown>;
  } catch (error) {
    throw fromNative(error);
  }
}
