namespace ComfyServe.Engine.Nodes;

/// <summary>A failure that users see under the name that ComfyUI would give it.</summary>
public sealed class NodeException : Exception
{
    /// <summary>Creates a failure.</summary>
    /// <param name="type">The dotted name of ComfyUI's exception class: <c>ValueError</c>, <c>OSError</c>…</param>
    /// <param name="message">What, which, and what next.</param>
    /// <param name="inner">The cause.</param>
    public NodeException(string type, string message, Exception? inner = null)
        : base(message, inner) => Type = type;

    /// <summary>The dotted name of ComfyUI's exception class.</summary>
    public string Type { get; }
}
