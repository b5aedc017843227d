namespace ComfyServe.Cli;

/// <summary>A mistake of the caller: the message says what, which and what next. Ends the program with exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
