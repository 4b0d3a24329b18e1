export const SHIPPED = '/work/main/scripts/demo/recording.mp4'
