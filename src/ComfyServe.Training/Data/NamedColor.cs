namespace ComfyServe.Training.Data;

/// <summary>A colour that captions can name.</summary>
/// <param name="Name">The word for it.</param>
/// <param name="Value">What it looks like.</param>
public sealed record NamedColor(string Name, Rgb Value)
{
    /// <summary>All twelve.</summary>
    public static IReadOnlyList<NamedColor> All { get; } =
    [
        new("red", Rgb.FromBytes(220, 38, 38)),
        new("orange", Rgb.FromBytes(245, 140, 30)),
        new("yellow", Rgb.FromBytes(250, 220, 50)),
        new("green", Rgb.FromBytes(45, 160, 70)),
        new("cyan", Rgb.FromBytes(60, 205, 220)),
        new("blue", Rgb.FromBytes(35, 80, 205)),
        new("purple", Rgb.FromBytes(130, 55, 175)),
        new("pink", Rgb.FromBytes(250, 145, 190)),
        new("brown", Rgb.FromBytes(120, 72, 38)),
        new("black", Rgb.FromBytes(22, 22, 26)),
        new("white", Rgb.FromBytes(246, 246, 246)),
        new("gray", Rgb.FromBytes(135, 137, 142)),
    ];

    /// <summary>The colour of a name.</summary>
    public static NamedColor Of(string name) => All.First(c => c.Name == name);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
