/** Regional endpoints of the provider. */
export type DataResidency = 'us' | 'eu' | (string & {});
