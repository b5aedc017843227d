namespace ComfyServe.Client;

/// <summary>A call that did not succeed.</summary>
public class ServerlessException : Exception
{
    /// <summary>Creates an exception.</summary>
    public ServerlessException()
    {
    }

    /// <summary>Creates an exception with a message.</summary>
    public ServerlessException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and what caused it.</summary>
    public ServerlessException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Whether the same call may succeed later; false for a mistake in the request or a failed workflow.</summary>
    public bool IsTransient { get; init; }

    /// <summary>The HTTP status that was answered, or null when there was no answer.</summary>
    public int? Status { get; init; }

    /// <summary>The start of the answer's body, at most 512 characters, or empty.</summary>
    public string Body { get; init; } = "";
}
