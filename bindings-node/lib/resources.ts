/** All resources, and their types. */
export * from './resources/index.js';
