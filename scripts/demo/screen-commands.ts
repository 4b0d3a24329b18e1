/** argv of the programs that make a screen and record it. Pure: `screen.ts` runs them. */

export type Size = { readonly width: number; readonly height: number }

/** Without these there is no live recording; openbox, where there is one, gives the window a frame. */
export const NEEDED = ['Xvfb', 'xterm', 'ffmpeg'] as const
export const OPTIONAL = 'openbox'

/** A screen in memory. It picks a free display number itself and prints it on stdout; it listens on no network. */
export const screenServer = ({ width, height }: Size, authority: string): readonly string[] => [
  'Xvfb',
  ...['-displayfd', '1'],
  ...['-screen', '0', `${width}x${height}x24`],
  ...['-auth', authority],
  ...['-nolisten', 'tcp'],
  '-noreset',
]

/**
 * A window manager: without one the window has no frame. It writes `ready` (a name in its working folder) once
 * it manages windows; one that is opened while it starts may never be shown.
 */
export const windowManager = (ready: string): readonly string[] => ['openbox', '--startup', `touch ${ready}`]

/** A terminal that fills most of a 1280x720 screen and runs `inside`. */
export const terminal = (inside: readonly string[]): readonly string[] => [
  'xterm',
  ...['-T', 'lucid'],
  ...['-fa', 'Monospace', '-fs', '13'],
  ...['-bg', '#101418', '-fg', '#d8dee4'],
  ...['-geometry', '108x30+20+10'],
  '+sb',
  ...['-e', ...inside],
]

/** Frames a second: enough to see somebody type. */
const FRAMES = 10

/**
 * The screen as fragmented MP4 (H.264), a fragment every four seconds: it can be cut anywhere, and what was
 * written before a crash plays.
 */
export const grabber = (
  { width, height }: Size,
  { display, seconds, file }: { readonly display: string; readonly seconds: number; readonly file: string },
): readonly string[] => [
  'ffmpeg',
  ...['-nostdin', '-hide_banner', '-loglevel', 'error'],
  ...['-f', 'x11grab', '-framerate', String(FRAMES), '-video_size', `${width}x${height}`, '-i', display],
  ...['-t', String(seconds), '-an'],
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-crf', '28', '-threads', '1'],
  ...['-pix_fmt', 'yuv420p', '-g', String(4 * FRAMES), '-sc_threshold', '0'],
  ...['-movflags', '+frag_keyframe+empty_moov+default_base_moof'],
  ...['-f', 'mp4', '-y', file],
]
