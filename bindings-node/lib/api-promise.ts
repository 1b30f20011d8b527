/** The official package's path. */
export * from './core/api-promise';
