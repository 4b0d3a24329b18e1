/** What the image says of itself, so that nobody takes it for MongoDB. */
export const MONGO_IMAGE_TITLE = 'DocumentDB in the place of mongo:7'
