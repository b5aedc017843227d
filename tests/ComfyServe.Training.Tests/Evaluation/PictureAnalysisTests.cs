using ComfyServe.Diffusion.Runtime;
using ComfyServe.Training.Data;
using ComfyServe.Training.Evaluation;
using static TorchSharp.torch;

namespace ComfyServe.Training.Tests.Evaluation;

public sealed class PictureAnalysisTests
{
    private const int Side = 96;

    public PictureAnalysisTests() => TorchRuntime.Initialize();

    public static TheoryData<ShapeKind> Shapes() => [.. Enum.GetValues<ShapeKind>()];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Analyse_DrawnShape_FindsShapeColorAndBackground(ShapeKind shape)
    {
        foreach (var (color, index) in NamedColor.All.Select((c, i) => (c, i)))
        {
            var background = NamedColor.All[(index + 5) % NamedColor.All.Count];
            var radius = 0.16f + (0.02f * index);

            var found = Analyse(StarterScenes.Plain("", background, new PlacedShape(shape, color, 0.45f, 0.53f, radius)));

            Assert.Equal(background, found.Background);
            var only = Assert.Single(found.Shapes);
            Assert.Equal((shape, color), (only.Shape, only.Color));
            Assert.InRange(only.Overlap, 0.85, 1);
        }
    }

    [Fact]
    public void Analyse_TwoShapes_FindsBothWithTheirPlaces()
    {
        var (star, ring) = (new PlacedShape(ShapeKind.Star, NamedColor.Of("red"), 0.27f, 0.5f, 0.18f), new PlacedShape(ShapeKind.Ring, NamedColor.Of("blue"), 0.73f, 0.5f, 0.18f));

        var found = Analyse(StarterScenes.Plain("", NamedColor.Of("white"), star, ring));

        Assert.Equal(2, found.Shapes.Count);
        var left = found.Shapes.Single(s => s.Shape == ShapeKind.Star);
        var right = found.Shapes.Single(s => s.Shape == ShapeKind.Ring);
        Assert.InRange(left.X, 0.22, 0.32);
        Assert.InRange(right.X, 0.68, 0.78);
    }

    [Fact]
    public void Analyse_NoShape_FindsNone()
    {
        var found = Analyse(StarterScenes.Plain("", NamedColor.Of("green")));

        Assert.Empty(found.Shapes);
    }

    [Fact]
    public void Score_OtherColorThanAsked_IsNotRight()
    {
        var prompt = new EvaluationPrompt("", 0, NamedColor.Of("white"), [(ShapeKind.Star, NamedColor.Of("red"))], Relation.And);
        var found = Analyse(StarterScenes.Plain("", NamedColor.Of("white"), new PlacedShape(ShapeKind.Star, NamedColor.Of("orange"), 0.5f, 0.5f, 0.3f)));

        var score = new EvaluationScore(prompt, found);

        Assert.True(score.Background && score.Shape);
        Assert.False(score.Color || score.All);
    }

    [Fact]
    public void Score_PairTheWrongWayRound_HasBothButNotPlaced()
    {
        var (red, blue) = (NamedColor.Of("red"), NamedColor.Of("blue"));
        var prompt = new EvaluationPrompt("", 0, NamedColor.Of("white"), [(ShapeKind.Star, red), (ShapeKind.Square, blue)], Relation.LeftOf);
        var found = Analyse(StarterScenes.Plain("", NamedColor.Of("white"),
            new PlacedShape(ShapeKind.Square, blue, 0.27f, 0.5f, 0.17f), new PlacedShape(ShapeKind.Star, red, 0.73f, 0.5f, 0.17f)));

        var score = new EvaluationScore(prompt, found);

        Assert.True(score.Shapes);
        Assert.False(score.Placed);
    }

    private static FoundPicture Analyse(Scene scene)
    {
        using var scope = NewDisposeScope();
        var planes = new float[3 * Side * Side];
        SceneRenderer.Draw(scene, planes, Side);
        return PictureAnalysis.Analyse(tensor(planes, [3, Side, Side]));
    }
}
