/** How the agent of a switch reaches controllers, and tools and controllers reach it. */
export {
  ControllerLink,
  type ControllerLinkEvents,
  type ControllerLinkOptions,
  type ControllerState,
} from './controller-link.ts';
export { OpenFlowError, type OpenFlowErrorCode } from './errors.ts';
export { type FailMode, type FailModeOptions, FailModeWatch, failModes } from './fail-mode.ts';
export { joinStream, type StreamAcceptor } from './join-stream.ts';
export {
  createOpenFlowServer,
  createSnoopServer,
  type Listening,
  type ListenOptions,
  listenOpenFlow,
  listenStreams,
  type ServeOptions,
} from './server.ts';
export { Snoop } from './snoop.ts';
export { type Dial, dialler, type Stream, type StreamEvents, socketStream } from './stream.ts';
export {
  type DialTarget,
  type ListenTarget,
  parseDialTarget,
  parseListenTarget,
  parseTarget,
  type Target,
} from './target.ts';
export { loadTls, type TlsFiles, type TlsIdentity } from './tls.ts';
