namespace ComfyServe.Provisioning.Git;

/// <summary>A repository could not be brought to the wanted commit; the message says why and what next.</summary>
public sealed class GitException(string message) : Exception(message);
