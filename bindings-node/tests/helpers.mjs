/** Helpers of several requests, by the official Python names of the cases. */
export const helpers = {};
