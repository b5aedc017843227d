namespace ComfyServe.Api.Outputs;

/// <summary>An object store refused an output or could not be reached. The message is fit for callers.</summary>
internal sealed class ObjectStoreException(string message, Exception? inner = null) : Exception(message, inner);
