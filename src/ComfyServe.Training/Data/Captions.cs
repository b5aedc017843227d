namespace ComfyServe.Training.Data;

/// <summary>Says in English what a scene shows, in varied words.</summary>
public static class Captions
{
    /// <summary>Radius below which a shape may be called small.</summary>
    internal const float SmallBelow = 0.255f;

    /// <summary>Radius above which a shape may be called big.</summary>
    internal const float BigAbove = 0.35f;

    private static readonly string[] Openings =
    [
        "", "", "", "", "", "", "a picture of ", "an image of ", "a drawing of ", "a painting of ", "a photo of ", "an illustration of ", "draw ", "there is ",
    ];

    /// <summary>A caption for one shape.</summary>
    internal static string Single(
        Random random, PlacedShape shape, Texture texture, NamedColor second, NamedColor background, Texture backTexture, Place place)
    {
        var size = Size(random, shape.Radius);
        var thing = Textured(random, shape.Color, second, texture, Noun(random, shape.Shape), size);
        var where = place == Place.Anywhere ? "" : PlaceWords(random, place);
        return Finish(random, WithArticle(random, thing) + where, Behind(random, background, second, backTexture, share: 0.9));
    }

    /// <summary>A caption for two shapes.</summary>
    internal static string Pair(Random random, PlacedShape first, PlacedShape second, Relation relation, NamedColor background)
    {
        var a = WithArticle(random, $"{Name(random, first.Color)} {Noun(random, first.Shape)}");
        var b = WithArticle(random, $"{Name(random, second.Color)} {Noun(random, second.Shape)}");
        var link = relation switch
        {
            Relation.LeftOf => StarterScenes.Pick(random, ["left of", "to the left of"]),
            Relation.RightOf => StarterScenes.Pick(random, ["right of", "to the right of"]),
            Relation.Above => StarterScenes.Pick(random, ["above", "above", "over"]),
            Relation.Below => StarterScenes.Pick(random, ["below", "below", "under"]),
            _ => StarterScenes.Pick(random, ["and", "and", "and", "next to", "with"]),
        };
        return Finish(random, $"{a} {link} {b}", Behind(random, background, background, Texture.Plain, share: 0.75));
    }

    /// <summary>The first words, the thing, the rest; now and then with a full stop or nothing but commas.</summary>
    internal static string Finish(Random random, string thing, string behind)
    {
        var caption = StarterScenes.Pick(random, Openings) + thing + behind;
        return random.NextDouble() < 0.05 ? caption + "." : caption;
    }

    /// <summary>"a red circle", "an orange circle", now and then without article.</summary>
    internal static string WithArticle(Random random, string thing)
    {
        var article = "aeiou".Contains(thing[0]) ? "an" : "a";
        return random.NextDouble() switch
        {
            < 0.8 => $"{article} {thing}",
            < 0.85 => $"one {thing}",
            _ => thing,
        };
    }

    /// <summary>The colour's word; gray has two spellings.</summary>
    internal static string Name(Random random, NamedColor color) => color.Name == "gray" && random.Next(3) == 0 ? "grey" : color.Name;

    private static string Noun(Random random, ShapeKind shape)
    {
        var usual = random.NextDouble() < 0.9;
        return shape switch
        {
            ShapeKind.Circle => usual ? "circle" : StarterScenes.Pick(random, ["disc", "ball", "dot"]),
            ShapeKind.Square => usual ? "square" : "box",
            ShapeKind.Triangle => "triangle",
            ShapeKind.Star => "star",
            ShapeKind.Ring => usual ? "ring" : "donut",
            ShapeKind.Cross => usual ? "cross" : StarterScenes.Pick(random, ["plus", "plus sign"]),
            ShapeKind.Heart => "heart",
            _ => "diamond",
        };
    }

    private static string Size(Random random, float radius)
    {
        if (random.NextDouble() < 0.15)
        {
            return "";
        }

        return radius switch
        {
            < SmallBelow => StarterScenes.Pick(random, ["small ", "little ", "tiny "]),
            > BigAbove => StarterScenes.Pick(random, ["big ", "large ", "huge "]),
            _ => "",
        };
    }

    private static string Textured(Random random, NamedColor color, NamedColor second, Texture texture, string noun, string size)
    {
        var (a, b) = (Name(random, color), Name(random, second));
        return texture switch
        {
            Texture.Stripes => random.Next(2) == 0 ? $"{size}{a} and {b} striped {noun}" : $"{size}{a} {noun} with {b} stripes",
            Texture.Dots => random.Next(2) == 0 ? $"{size}{a} {noun} with {b} dots" : $"{size}{a} {noun} with {b} spots",
            Texture.Checker => random.Next(2) == 0 ? $"{size}{a} and {b} checkered {noun}" : $"{size}{a} and {b} checkerboard {noun}",
            _ => $"{size}{a} {noun}",
        };
    }

    private static string Behind(Random random, NamedColor background, NamedColor second, Texture texture, double share)
    {
        if (texture == Texture.Plain && random.NextDouble() > share)
        {
            return "";
        }

        var name = Textured(random, background, second, texture, "background", "");
        return random.NextDouble() switch
        {
            < 0.6 => $" on {WithArticle(random, name)}",
            < 0.75 when texture == Texture.Plain => $" on {Name(random, background)}",
            < 0.85 => $", {name}",
            _ => $" with {WithArticle(random, name)}",
        };
    }

    private static string PlaceWords(Random random, Place place)
    {
        var name = place switch
        {
            Place.Left => "left",
            Place.Right => "right",
            Place.Top => "top",
            Place.Bottom => "bottom",
            Place.TopLeft => "top left",
            Place.TopRight => "top right",
            Place.BottomLeft => "bottom left",
            _ => "bottom right",
        };
        return StarterScenes.Pick<string>(random, place < Place.TopLeft ? [$" on the {name}", $" at the {name}"] : [$" in the {name} corner", $" in the {name}"]);
    }
}
