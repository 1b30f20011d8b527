/** Tokens of the places where programs run, by the official package's path. */
export { azureManagedIdentityTokenProvider, gcpIDTokenProvider, k8sServiceAccountTokenProvider } from './index.js';
