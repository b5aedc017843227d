namespace ComfyServe.Training.Data;

/// <summary>Simple scenes: sun over hills, house, tree, night sky with moon.</summary>
internal static class Landscapes
{
    private static readonly Rgb Day = Rgb.FromBytes(130, 195, 240);
    private static readonly Rgb Dusk = Rgb.FromBytes(250, 170, 110);
    private static readonly Rgb Night = Rgb.FromBytes(18, 24, 66);
    private static readonly Rgb Meadow = Rgb.FromBytes(80, 165, 75);
    private static readonly Rgb DarkMeadow = Rgb.FromBytes(50, 120, 60);
    private static readonly Rgb NightHill = Rgb.FromBytes(14, 36, 34);
    private static readonly Rgb Leaves = Rgb.FromBytes(55, 140, 60);
    private static readonly Rgb Trunk = Rgb.FromBytes(115, 75, 45);
    private static readonly Rgb Moon = Rgb.FromBytes(250, 240, 190);
    private static readonly string[] HouseColors = ["red", "yellow", "white", "blue", "orange", "pink", "purple", "gray"];
    private static readonly string[] RoofColors = ["red", "brown", "black", "blue", "gray"];

    /// <summary>One of the four kinds.</summary>
    public static Scene Draw(Random random)
    {
        var layers = new List<Layer>();
        var words = random.Next(4) switch
        {
            0 => Hills(random, layers),
            1 => House(random, layers),
            2 => Trees(random, layers),
            _ => NightSky(random, layers),
        };
        return new Scene(Captions.Finish(random, words, ""), Background: null, [], layers);
    }

    private static string Hills(Random random, List<Layer> layers)
    {
        var sunset = random.Next(3) == 0;
        var sun = NamedColor.Of(sunset ? StarterScenes.Pick(random, ["red", "orange"]) : "yellow");
        Sky(random, layers, sunset ? Dusk : Day);
        Disc(layers, 0.25f + (0.5f * random.NextSingle()), 0.22f + (0.2f * random.NextSingle()), 0.09f + (0.06f * random.NextSingle()), sun.Value);
        Ground(random, layers, 0.62f, 0.09f, StarterScenes.Jitter(random, DarkMeadow));
        Ground(random, layers, 0.76f, 0.06f, StarterScenes.Jitter(random, Meadow));
        var over = StarterScenes.Pick(random, ["over", "above"]);
        var hills = StarterScenes.Pick(random, ["hills", "green hills", "the hills"]);
        var what = StarterScenes.Pick(random, ["sun", $"{sun.Name} sun", "the sun"]);
        if (sunset)
        {
            return StarterScenes.Pick(random, [$"sunset {over} {hills}", $"{what} {over} {hills} at sunset", $"a sunset {over} {hills}"]);
        }

        return StarterScenes.Pick(random, [$"{what} {over} {hills}", $"{what} {over} {hills}, blue sky", $"{hills} under a {sun.Name} sun", $"a landscape with {hills} and a sun"]);
    }

    private static string House(Random random, List<Layer> layers)
    {
        var (wall, roof) = (NamedColor.Of(StarterScenes.Pick(random, HouseColors)), NamedColor.Of(StarterScenes.Pick(random, RoofColors)));
        var withTree = random.Next(4) == 0;
        var withSun = random.Next(4) == 0;
        Sky(random, layers, Day);
        if (withSun)
        {
            Disc(layers, 0.85f, 0.15f, 0.08f, NamedColor.Of("yellow").Value);
        }

        Ground(random, layers, 0.74f, 0.02f, StarterScenes.Jitter(random, Meadow));
        var x = withTree ? 0.36f : 0.44f + (0.12f * random.NextSingle());
        var (half, bottom) = (0.19f + (0.05f * random.NextSingle()), 0.8f);
        Box(layers, x, bottom - half, half, half, StarterScenes.Jitter(random, wall.Value));
        var roofTop = bottom - (2 * half);
        layers.Add(new Layer((px, py) => Roof(px - x, py - roofTop, half * 1.25f, half * 0.8f), Fill.Plain(StarterScenes.Jitter(random, roof.Value))));
        Box(layers, x, bottom - (half * 0.45f), half * 0.22f, half * 0.45f, Trunk);
        Box(layers, x - (half * 0.58f), bottom - (half * 1.3f), half * 0.2f, half * 0.2f, Moon);
        Box(layers, x + (half * 0.58f), bottom - (half * 1.3f), half * 0.2f, half * 0.2f, Moon);
        if (withTree)
        {
            Tree(random, layers, 0.8f, 0.82f, 0.75f);
        }

        var house = StarterScenes.Pick(random, ["house", $"{wall.Name} house", $"{wall.Name} house", $"{wall.Name} house with a {roof.Name} roof"]);
        return Captions.WithArticle(random, house) + (withTree ? " and a tree" : "") + (withSun ? " under the sun" : "");
    }

    private static string Trees(Random random, List<Layer> layers)
    {
        var count = random.Next(4) == 0 ? 2 : 1;
        Sky(random, layers, Day);
        Ground(random, layers, 0.76f, 0.03f, StarterScenes.Jitter(random, Meadow));
        if (count == 2)
        {
            Tree(random, layers, 0.28f, 0.84f, 0.85f);
            Tree(random, layers, 0.72f, 0.84f, 0.85f);
            return StarterScenes.Pick(random, ["two trees", "two green trees", "trees on a meadow"]);
        }

        Tree(random, layers, 0.44f + (0.12f * random.NextSingle()), 0.86f, 1.1f + (0.25f * random.NextSingle()));
        return StarterScenes.Pick(random, ["a tree", "a green tree", "tree", "a tree on a meadow", "a tree on green grass"]);
    }

    private static string NightSky(Random random, List<Layer> layers)
    {
        var crescent = random.Next(3) == 0;
        var hills = random.Next(3) == 0;
        var sky = StarterScenes.Jitter(random, Night);
        layers.Add(StarterScenes.Backdrop(Fill.Plain(sky)));
        for (var i = random.Next(7, 13); i > 0; i--)
        {
            Disc(layers, random.NextSingle(), random.NextSingle() * 0.9f, 0.012f + (0.008f * random.NextSingle()), NamedColor.Of("white").Value);
        }

        var (x, y, radius) = (0.3f + (0.4f * random.NextSingle()), 0.25f + (0.2f * random.NextSingle()), 0.12f + (0.06f * random.NextSingle()));
        Disc(layers, x, y, radius, Moon);
        if (crescent)
        {
            Disc(layers, x + (radius * 0.5f), y - (radius * 0.2f), radius * 0.85f, sky);
        }

        if (hills)
        {
            Ground(random, layers, 0.78f, 0.06f, NightHill);
        }

        var moon = crescent ? StarterScenes.Pick(random, ["crescent moon", "crescent"]) : StarterScenes.Pick(random, ["moon", "full moon"]);
        var words = StarterScenes.Pick(random, [$"night sky with a {moon}", $"a night sky with a {moon}", $"a {moon} and stars at night", $"a {moon} in the night sky with stars"]);
        return words + (hills ? " over hills" : "");
    }

    private static void Sky(Random random, List<Layer> layers, Rgb color) =>
        layers.Add(StarterScenes.Backdrop(Fill.Plain(StarterScenes.Jitter(random, color))));

    private static void Disc(List<Layer> layers, float x, float y, float radius, Rgb color) =>
        layers.Add(new Layer((px, py) => ShapeDistance.Disc(px - x, py - y, radius), Fill.Plain(color)));

    private static void Box(List<Layer> layers, float x, float y, float halfWidth, float halfHeight, Rgb color) =>
        layers.Add(new Layer((px, py) => ShapeDistance.Box(px - x, py - y, halfWidth, halfHeight), Fill.Plain(color)));

    private static void Ground(Random random, List<Layer> layers, float top, float swing, Rgb color)
    {
        var (phase, waves) = (random.NextSingle() * 2 * MathF.PI, 4 + (4 * random.NextSingle()));
        layers.Add(new Layer((px, py) => top + (swing * MathF.Sin((px * waves) + phase)) - py, Fill.Plain(color)));
    }

    private static void Tree(Random random, List<Layer> layers, float x, float bottom, float scale)
    {
        var (height, crown) = (0.28f * scale, 0.17f * scale);
        var leaves = Fill.Plain(StarterScenes.Jitter(random, Leaves));
        Box(layers, x, bottom - (height / 2), 0.03f * scale, height / 2, Trunk);
        var top = bottom - height - (crown * 0.6f);
        if (random.Next(3) == 0)
        {
            layers.Add(new Layer((px, py) => ShapeDistance.Triangle(px - x, py - top, crown * 1.3f), leaves));
        }
        else
        {
            layers.Add(new Layer((px, py) => ShapeDistance.Disc(px - x, py - top, crown), leaves));
        }
    }

    /// <summary>An isosceles triangle on y = 0 that points up.</summary>
    private static float Roof(float x, float y, float halfWidth, float height)
    {
        var length = MathF.Sqrt((halfWidth * halfWidth) + (height * height));
        return MathF.Max(y, ((MathF.Abs(x) * height) - ((y + height) * halfWidth)) / length);
    }
}
