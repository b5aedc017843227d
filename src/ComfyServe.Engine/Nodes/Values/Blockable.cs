namespace ComfyServe.Engine.Nodes.Values;

/// <summary>A slot's value, or a block: every node that needs a blocked slot is skipped.</summary>
/// <typeparam name="T">The slot's type.</typeparam>
public readonly struct Blockable<T> : IBlockable
{
    private Blockable(T? value, bool isBlocked, string? message)
    {
        Value = value;
        IsBlocked = isBlocked;
        Message = message;
    }

    /// <summary>The value, when not blocked.</summary>
    public T? Value { get; }

    /// <inheritdoc />
    public bool IsBlocked { get; }

    /// <inheritdoc />
    public string? Message { get; }

    object? IBlockable.Value => Value;

    /// <summary>A value.</summary>
    public static implicit operator Blockable<T>(T value) => new(value, false, null);

    /// <summary>A block.</summary>
    public static implicit operator Blockable<T>(Blocked block) => new(default, true, block.Message);
}
