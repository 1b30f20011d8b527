/** Large files, uploaded in parts. */
import { uploadChunked } from '../../internal/poll';
import type { RequestOptions } from '../../internal/request-options';
import type { Upload } from '../../resources/uploads/uploads';

/** What an upload in parts is told. */
export interface UploadFileChunkedParams {
  file: unknown;
  mimeType: string;
  purpose: string;
  filename?: string;
  /** Length of the file, where it cannot be known from it. */
  bytes?: number;
  partSize?: number;
  maxConcurrency?: number;
  md5?: string;
  computeMd5?: boolean;
  /** Leaves the parts at the provider when the upload fails, to go on with them later. */
  keepOnFailure?: boolean;
  expiresAfter?: { anchor: 'created_at'; seconds: number };
  /** `unfinished` of the error of an earlier upload. */
  resume?: { id: string | null; uploaded: Array<string | null> };
  onProgress?: (progress: UploadProgress) => void;
}

export interface UploadProgress {
  uploadID: string | null;
  bytesDone: number;
  bytesTotal: number | null;
  partsDone: number;
  partsTotal: number | null;
}

/** Uploads a file in parts, several at a time, and completes the upload. */
export function uploadFileChunked(resource: any, params: UploadFileChunkedParams, options?: RequestOptions): Promise<Upload> {
  const settings = {
    mime_type: params.mimeType,
    purpose: params.purpose,
    filename: params.filename,
    bytes: params.bytes,
    part_size: params.partSize,
    max_concurrency: params.maxConcurrency,
    md5: params.md5,
    compute_md5: params.computeMd5 ?? false,
    keep_on_failure: params.keepOnFailure ?? false,
    expires_after: params.expiresAfter,
    resume: params.resume ? { id: params.resume.id, uploaded: params.resume.uploaded } : undefined,
  };
  const { onProgress } = params;
  const told =
    onProgress &&
    ((now: any) =>
      onProgress({
        uploadID: now.upload_id,
        bytesDone: now.bytes_done,
        bytesTotal: now.bytes_total,
        partsDone: now.parts_done,
        partsTotal: now.parts_total,
      }));
  return uploadChunked(resource._client, params.file, settings, options, told);
}
