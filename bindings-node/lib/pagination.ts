/** The official package's path. */
export * from './core/pagination';
