// placeholder so that the room is a library; replaced by the pipeline
namespace grfd {}
