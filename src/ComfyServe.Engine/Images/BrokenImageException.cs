namespace ComfyServe.Engine.Images;

/// <summary>An image's header is sound but its pixels cannot be decoded.</summary>
internal sealed class BrokenImageException(string name, Exception inner)
    : Exception($"broken data stream when reading image file '{name}': {inner.Message.ReplaceLineEndings(" ").Trim()}", inner);
