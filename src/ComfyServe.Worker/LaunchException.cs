namespace ComfyServe.Worker;

/// <summary>The worker cannot start; the message says what to do.</summary>
public sealed class LaunchException(string message, Exception? inner = null) : Exception(message, inner);
