/** Calls that the official Node package makes otherwise than the description, and the other official packages, say. */
import { row } from './native';
import { hasUploadableValue } from './uploads';

/** What is sent otherwise: JSON where the parameters have no file; or the key for administration, where the client has one. */
export type Otherwise = 'json' | 'admin';

/** By the paths of the operations. */
const OTHERWISE = new Map<string, Otherwise>([
  // The form is for those who give a file: what else these take (an id of a file, a version) is sent as JSON.
  ['POST /containers/{container_id}/files', 'json'],
  ['POST /skills', 'json'],
  ['POST /skills/{skill_id}/versions', 'json'],
  // Keys of projects are refused there, although the description asks for one.
  ['POST /fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions', 'admin'],
  ['GET /fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions', 'admin'],
  ['DELETE /fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions/{permission_id}', 'admin'],
]);

const found: Array<Otherwise | null | undefined> = [];

/** How an operation's call with these parameters differs, if it does. */
export function otherwise(operation: number, params: unknown, hasAdminKey: boolean): Otherwise | undefined {
  let way = found[operation];
  if (way === undefined) way = found[operation] = wayOf(operation);
  if (way === 'json') return hasUploadableValue(params) ? undefined : way;
  return way === 'admin' && hasAdminKey ? way : undefined;
}

function wayOf(operation: number): Otherwise | null {
  return OTHERWISE.get(pathOf(operation)) ?? null;
}

/** Operations whose files stand in folders. All others take the last part of a file's name. */
const FOLDERS = new Set(['POST /skills', 'POST /skills/{skill_id}/versions']);

/** Whether an operation's files keep the folders in their names. */
export function keepsFolders(operation: number): boolean {
  return FOLDERS.has(pathOf(operation));
}

/** Operations whose parameters have something of the program's own, and whose streams have a result. */
const LOCAL_PARTS = new Set(['POST /agents/sessions']);
const local: Array<boolean | undefined> = [];

/** Whether an operation's parameters have something that is not sent. */
export function hasLocalParts(operation: number): boolean {
  return (local[operation] ??= LOCAL_PARTS.has(pathOf(operation)));
}

function pathOf(operation: number): string {
  const { verb, path } = row(operation);
  return `${verb} ${path}`;
}
