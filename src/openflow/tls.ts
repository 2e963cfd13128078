import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { OpenFlowError } from './errors.ts';

/** Files in PEM, as `ovs-pki` makes them. */
export interface TlsFiles {
  readonly privateKey?: string | undefined;
  /** Ours; it may be followed by the certificates that lead to its authority. */
  readonly certificate?: string | undefined;
  /** Of the authority that signs the other side's certificates. */
  readonly caCertificate?: string | undefined;
}

export interface TlsIdentity {
  readonly options: SecureContextOptions;
  readonly hasKey: boolean;
  /** The other side's certificate is checked. */
  readonly hasAuthority: boolean;
}

/** Reads the files once, at the start. Throws OPENFLOW_TLS. */
export function loadTls(files: TlsFiles): TlsIdentity {
  const { privateKey, certificate, caCertificate } = files;
  if ((privateKey === undefined) !== (certificate === undefined)) {
    throw new OpenFlowError('OPENFLOW_TLS', 'a private key and its certificate are given together or not at all');
  }
  try {
    const options: SecureContextOptions = {
      minVersion: 'TLSv1.2',
      ...(privateKey === undefined ? {} : { key: readPem(privateKey) }),
      ...(certificate === undefined ? {} : { cert: readPem(certificate) }),
      ...(caCertificate === undefined ? {} : { ca: readPem(caCertificate) }),
    };
    createSecureContext(options);
    return { options, hasKey: privateKey !== undefined, hasAuthority: caCertificate !== undefined };
  } catch (cause) {
    if (cause instanceof OpenFlowError) throw cause;
    const names = [privateKey, certificate, caCertificate].filter((name) => name !== undefined).join(', ');
    const message = `the key and certificates (${names}) cannot be used: ${(cause as Error).message}`;
    throw new OpenFlowError('OPENFLOW_TLS', message, { cause });
  }
}

/** For a connection that dials: the other side must show a certificate of the authority. Throws OPENFLOW_TLS. */
export function dialIdentity(tls: TlsIdentity | undefined, target: string): SecureContextOptions {
  if (tls?.hasAuthority) return tls.options;
  const message = `${target} needs --ca-cert, the certificate of the authority that signed the controller's`;
  throw new OpenFlowError('OPENFLOW_TLS', message);
}

/** For one that listens: it has to show a certificate. Throws OPENFLOW_TLS. */
export function listenIdentity(tls: TlsIdentity | undefined, target: string): TlsIdentity {
  if (tls?.hasKey) return tls;
  throw new OpenFlowError('OPENFLOW_TLS', `${target} needs --private-key and --certificate`);
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new OpenFlowError('OPENFLOW_TLS', `cannot read ${path} (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    });
  }
}
