namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>A checkpoint cannot be used: corrupt, of an unsupported kind, or without the tensors that a model needs.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Creates the exception with a message that says what is wrong, with which file or tensor, and what to do.</summary>
    public CheckpointException(string message)
        : base(message)
    {
    }

    /// <inheritdoc cref="CheckpointException(string)"/>
    public CheckpointException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>What is wrong, where callers tell it apart.</summary>
    public CheckpointFault Fault { get; init; }

    /// <summary>Creates the exception without a message.</summary>
    public CheckpointException()
    {
    }
}
