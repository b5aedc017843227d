namespace ComfyServe.Gateway.Variables;

/// <summary>A variable of the account as it is stored.</summary>
internal sealed record VariableRow
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its value, encrypted.</summary>
    public required string Value { get; init; }

    /// <summary>When it was last set, Unix seconds.</summary>
    public required double UpdatedAt { get; init; }
}
