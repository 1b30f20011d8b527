/** The environment's variables. */
export { readEnv } from '../settings';
