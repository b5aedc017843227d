namespace ComfyServe.Training.Data;

/// <summary>The recipe of the training data: what is drawn, how often, and where. An endless series; scene i is a function of the seed and i.</summary>
/// <remarks>
/// The first scenes are mostly single shapes, from which shapes and colours are learned soonest; later ones are more than half pairs.
/// One combination of shape, colour and background in eight, and one pair of coloured shapes in four, is never drawn:
/// those are what the evaluation asks for (<see cref="HeldOut"/>).
/// </remarks>
/// <param name="seed">Of the whole series.</param>
public sealed class StarterScenes(ulong seed)
{
    /// <summary>The first scene from which on more than half are pairs.</summary>
    internal const int FirstMixed = 24_000;

    private const double LandscapeShare = 0.06;
    private const double FirstPairShare = 0.26;
    private const double PairShare = 0.58;
    private const double ShapeTextureShare = 0.07;
    private const double BackgroundTextureShare = 0.05;
    private const float ColorJitter = 0.02f;

    /// <summary>Scene <paramref name="index"/>.</summary>
    public Scene this[long index]
    {
        get
        {
            var random = new Random(unchecked((int)Mix(seed + ((ulong)index * 0x9E3779B97F4A7C15))));
            var share = random.NextDouble();
            return share >= 1 - LandscapeShare ? Landscapes.Draw(random)
                : share >= 1 - LandscapeShare - (index < FirstMixed ? FirstPairShare : PairShare) ? Pair(random)
                : Single(random);
        }
    }

    /// <summary>A plain shape on a plain background, as the evaluation expects it.</summary>
    public static Scene Plain(string caption, NamedColor background, params PlacedShape[] shapes) => new(
        caption, background, shapes, [Backdrop(Fill.Plain(background.Value)), .. shapes.Select(s => s.ToLayer(Fill.Plain(s.Color.Value)))]);

    private static Scene Single(Random random)
    {
        var (shape, color, background) = DrawCombination(random);
        var radius = DrawRadius(random);
        var (x, y, place) = DrawPlace(random, radius);
        var placed = new PlacedShape(shape, color, x, y, radius);
        var texture = random.NextDouble() < ShapeTextureShare ? DrawTexture(random) : Texture.Plain;
        var backTexture = texture == Texture.Plain && random.NextDouble() < BackgroundTextureShare ? DrawTexture(random) : Texture.Plain;
        var second = DrawOther(random, color, background);
        var caption = Captions.Single(random, placed, texture, second, background, backTexture, place);
        return new Scene(caption, background, [placed],
        [
            Backdrop(DrawFill(random, background, second, backTexture)),
            placed.ToLayer(DrawFill(random, color, second, texture)),
        ]);
    }

    private static Scene Pair(Random random)
    {
        PlacedShape first, second;
        var relation = (Relation)random.Next(5);
        do
        {
            (first, second) = DrawPair(random, relation);
        }
        while ((first.Shape == second.Shape && first.Color == second.Color) || HeldOut.Pair(first.Shape, first.Color, second.Shape, second.Color));

        NamedColor background;
        do
        {
            background = Pick(random, NamedColor.All);
        }
        while (background == first.Color || background == second.Color);

        return new Scene(Captions.Pair(random, first, second, relation, background), background, [first, second],
        [
            Backdrop(DrawFill(random, background, background, Texture.Plain)),
            first.ToLayer(DrawFill(random, first.Color, first.Color, Texture.Plain)),
            second.ToLayer(DrawFill(random, second.Color, second.Color, Texture.Plain)),
        ]);
    }

    /// <summary>Two shapes that do not touch, in the places that the relation says.</summary>
    private static (PlacedShape First, PlacedShape Second) DrawPair(Random random, Relation relation)
    {
        // "and" says nothing about places: mostly in reading order, sometimes not.
        var placed = relation == Relation.And ? Pick(random, [Relation.LeftOf, Relation.LeftOf, Relation.Above, Relation.RightOf]) : relation;
        var near = 0.26f + (0.04f * (random.NextSingle() - 0.5f));
        var far = 0.74f + (0.04f * (random.NextSingle() - 0.5f));
        var (a, b) = placed is Relation.LeftOf or Relation.Above ? (near, far) : (far, near);
        var across = 0.5f + (0.16f * (random.NextSingle() - 0.5f));
        var (acrossA, acrossB) = (across, across + (0.08f * (random.NextSingle() - 0.5f)));
        var horizontal = placed is Relation.LeftOf or Relation.RightOf;
        return (
            Shape(horizontal ? a : acrossA, horizontal ? acrossA : a),
            Shape(horizontal ? b : acrossB, horizontal ? acrossB : b));

        PlacedShape Shape(float x, float y) =>
            new(Pick(random, Enum.GetValues<ShapeKind>()), Pick(random, NamedColor.All), x, y, 0.195f + (0.02f * random.NextSingle()));
    }

    private static (ShapeKind Shape, NamedColor Color, NamedColor Background) DrawCombination(Random random)
    {
        while (true)
        {
            var shape = Pick(random, Enum.GetValues<ShapeKind>());
            var (color, background) = (Pick(random, NamedColor.All), Pick(random, NamedColor.All));
            if (color != background && !HeldOut.Combination(shape, color, background))
            {
                return (shape, color, background);
            }
        }
    }

    /// <summary>Mostly a middle size, which captions pass over; else small or big, which they mostly say.</summary>
    private static float DrawRadius(Random random) => random.NextDouble() switch
    {
        < 0.6 => 0.29f + (0.05f * random.NextSingle()),
        < 0.8 => Captions.SmallBelow - (0.05f * random.NextSingle()),
        _ => Captions.BigAbove + (0.04f * random.NextSingle()),
    };

    private static (float X, float Y, Place Place) DrawPlace(Random random, float radius)
    {
        if (random.NextDouble() < 0.75)
        {
            return (0.5f + (0.06f * (random.NextSingle() - 0.5f)), 0.5f + (0.06f * (random.NextSingle() - 0.5f)), Place.Anywhere);
        }

        var place = (Place)random.Next(1, 9);
        return (Along(place is Place.Left or Place.TopLeft or Place.BottomLeft, place is Place.Right or Place.TopRight or Place.BottomRight),
            Along(place is Place.Top or Place.TopLeft or Place.TopRight, place is Place.Bottom or Place.BottomLeft or Place.BottomRight),
            place);

        float Along(bool low, bool high)
        {
            var edge = radius + 0.03f + (0.03f * random.NextSingle());
            return low ? edge : high ? 1 - edge : 0.5f;
        }
    }

    private static Fill DrawFill(Random random, NamedColor first, NamedColor second, Texture texture) => new(
        Jitter(random, first.Value), Jitter(random, second.Value), texture, 0.12f + (0.06f * random.NextSingle()),
        texture == Texture.Stripes ? random.Next(4) * MathF.PI / 4 : 0);

    private static Texture DrawTexture(Random random) => (Texture)random.Next(1, 4);

    private static NamedColor DrawOther(Random random, NamedColor color, NamedColor background)
    {
        while (true)
        {
            var other = Pick(random, NamedColor.All);
            if (other != color && other != background)
            {
                return other;
            }
        }
    }

    internal static Layer Backdrop(Fill fill) => new(static (_, _) => -1, fill);

    internal static Rgb Jitter(Random random, Rgb color) => new(
        Channel(random, color.R), Channel(random, color.G), Channel(random, color.B));

    internal static T Pick<T>(Random random, IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    private static float Channel(Random random, float value) =>
        Math.Clamp(value + (ColorJitter * ((2 * random.NextSingle()) - 1)), 0, 1);

    /// <summary>SplitMix64's finaliser (https://doi.org/10.1145/2714064.2660195): neighbouring indices get unrelated scenes.</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (z ^ (z >> 31)) >> 33;
    }
}
