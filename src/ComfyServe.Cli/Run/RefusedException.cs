namespace ComfyServe.Cli.Run;

/// <summary>The API service refused the workflow: the message has its reasons. Ends the program with exit code 1.</summary>
internal sealed class RefusedException(string message) : Exception(message);
