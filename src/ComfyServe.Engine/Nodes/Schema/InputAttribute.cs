namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>Options of one input. Only what is set appears in <c>/object_info</c>.</summary>
/// <remarks>
/// Numbers are <see cref="object"/> so that <c>8</c> and <c>8.0</c> stay different, as they are in ComfyUI's JSON:
/// pass an <see cref="int"/>, <see cref="long"/>, <see cref="ulong"/> or <see cref="double"/>.
/// </remarks>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class InputAttribute : Attribute
{
    /// <summary>The input's name where it is not the parameter's.</summary>
    public string? Name { get; init; }

    /// <summary>The type string where it is not the parameter type's, for example <c>WEBCAM</c>.</summary>
    public string? Type { get; init; }

    /// <summary>What the editor puts in a new node.</summary>
    public object? Default { get; init; }

    /// <summary>Smallest value, inclusive; checked before a prompt is queued.</summary>
    public object? Min { get; init; }

    /// <summary>Largest value, inclusive; checked before a prompt is queued.</summary>
    public object? Max { get; init; }

    /// <summary>Step of the editor's widget; not checked.</summary>
    public object? Step { get; init; }

    /// <summary>Rounding of the editor's widget: a number, or <c>false</c>.</summary>
    public object? Round { get; init; }

    /// <summary>Help text.</summary>
    public string? Tooltip { get; init; }

    /// <summary>How the editor shows the value: <c>number</c>, <c>slider</c> or <c>color</c>.</summary>
    public string? Display { get; init; }

    /// <summary>A text area instead of one line.</summary>
    public bool Multiline { get => Flag("multiline"); init => Flags["multiline"] = value; }

    /// <summary>The editor expands <c>{a|b}</c> before it queues.</summary>
    public bool DynamicPrompts { get => Flag("dynamicPrompts"); init => Flags["dynamicPrompts"] = value; }

    /// <summary>The editor may change the value after each run.</summary>
    public bool ControlAfterGenerate { get => Flag("control_after_generate"); init => Flags["control_after_generate"] = value; }

    /// <summary>A socket instead of a widget.</summary>
    public bool ForceInput { get => Flag("forceInput"); init => Flags["forceInput"] = value; }

    /// <summary>Computed only when the method named by <see cref="NodeAttribute.Needs"/> asks for it.</summary>
    public bool Lazy { get => Flag("lazy"); init => Flags["lazy"] = value; }

    /// <summary>Hidden until the user asks for advanced inputs.</summary>
    public bool Advanced { get => Flag("advanced"); init => Flags["advanced"] = value; }

    /// <summary>The editor offers to upload an image.</summary>
    public bool ImageUpload { get => Flag("image_upload"); init => Flags["image_upload"] = value; }

    /// <summary>More options as a JSON object, for what has no property here.</summary>
    public string? Json { get; init; }

    internal Dictionary<string, bool> Flags { get; } = new(StringComparer.Ordinal);

    private bool Flag(string name) => Flags.GetValueOrDefault(name);
}
