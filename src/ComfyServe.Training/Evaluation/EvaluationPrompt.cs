using ComfyServe.Training.Data;

namespace ComfyServe.Training.Evaluation;

/// <summary>A prompt, its seed, and what the picture must show.</summary>
/// <param name="Text">The prompt.</param>
/// <param name="Seed">Of the initial noise.</param>
/// <param name="Background">The wanted background.</param>
/// <param name="Shapes">One or two wanted shapes, in the order of the prompt.</param>
/// <param name="Relation">Where the first of two is.</param>
public sealed record EvaluationPrompt(
    string Text, ulong Seed, NamedColor Background, IReadOnlyList<(ShapeKind Shape, NamedColor Color)> Shapes, Relation Relation)
{
    /// <summary>A combination of one shape, colour and background that training never showed.</summary>
    public static EvaluationPrompt OneShape(Random random)
    {
        while (true)
        {
            var (shape, color, background) = (Shape(random), Color(random), Color(random));
            if (color != background && HeldOut.Combination(shape, color, background))
            {
                return new EvaluationPrompt($"{Thing(shape, color)} on {Article(background.Name)} background", Seeded(random), background, [(shape, color)], Relation.And);
            }
        }
    }

    /// <summary>Two coloured shapes that training never showed together.</summary>
    public static EvaluationPrompt TwoShapes(Random random)
    {
        while (true)
        {
            var (first, firstColor, second, secondColor, background) = (Shape(random), Color(random), Shape(random), Color(random), Color(random));
            if (HeldOut.Pair(first, firstColor, second, secondColor) && background != firstColor && background != secondColor
                && (first != second || firstColor != secondColor))
            {
                var relation = (Relation)random.Next(5);
                var text = $"{Thing(first, firstColor)} {Words(relation)} {Thing(second, secondColor)} on {Article(background.Name)} background";
                return new EvaluationPrompt(text, Seeded(random), background, [(first, firstColor), (second, secondColor)], relation);
            }
        }
    }

    private static string Words(Relation relation) => relation switch
    {
        Relation.LeftOf => "left of",
        Relation.RightOf => "right of",
        Relation.Above => "above",
        Relation.Below => "below",
        _ => "and",
    };

    private static string Thing(ShapeKind shape, NamedColor color) => $"{Article(color.Name)} {shape.ToString().ToLowerInvariant()}";

    private static string Article(string word) => ("aeiou".Contains(word[0]) ? "an " : "a ") + word;

    private static ShapeKind Shape(Random random) => (ShapeKind)random.Next(Enum.GetValues<ShapeKind>().Length);

    private static NamedColor Color(Random random) => NamedColor.All[random.Next(NamedColor.All.Count)];

    private static ulong Seeded(Random random) => (ulong)random.NextInt64(long.MaxValue);
}
