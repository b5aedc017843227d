using ComfyServe.Training.Data;

namespace ComfyServe.Training.Evaluation;

/// <summary>What is right about one picture.</summary>
/// <param name="Prompt">What was asked for.</param>
/// <param name="Found">What the picture shows.</param>
public sealed record EvaluationScore(EvaluationPrompt Prompt, FoundPicture Found)
{
    private const double Tolerance = 0.04;

    /// <summary>Whether the background has the wanted colour.</summary>
    public bool Background => Found.Background == Prompt.Background;

    /// <summary>Whether the largest shape has the wanted colour (single prompts).</summary>
    public bool Color => Found.Shapes.Count > 0 && Found.Shapes[0].Color == Prompt.Shapes[0].Color;

    /// <summary>Whether the largest shape is the wanted one (single prompts).</summary>
    public bool Shape => Found.Shapes.Count > 0 && Found.Shapes[0].Shape == Prompt.Shapes[0].Shape;

    /// <summary>Whether everything asked for is there: each wanted shape in its colour among the largest ones, and the background.</summary>
    public bool All => Background && Shapes;

    /// <summary>Whether each wanted shape is there in its colour.</summary>
    public bool Shapes => Assign() is not null;

    /// <summary>Whether two shapes are also placed as asked.</summary>
    public bool Placed => Assign() is [var first, var second] && Prompt.Relation switch
    {
        Relation.LeftOf => first.X < second.X - Tolerance,
        Relation.RightOf => first.X > second.X + Tolerance,
        Relation.Above => first.Y < second.Y - Tolerance,
        Relation.Below => first.Y > second.Y + Tolerance,
        _ => true,
    };

    /// <summary>The found shapes in the order of the prompt, or null when one is missing.</summary>
    private List<FoundShape>? Assign()
    {
        var left = Found.Shapes.Take(Prompt.Shapes.Count).ToList();
        var assigned = new List<FoundShape>();
        foreach (var (shape, color) in Prompt.Shapes)
        {
            if (left.Find(f => f.Shape == shape && f.Color == color) is not { } found)
            {
                return null;
            }

            left.Remove(found);
            assigned.Add(found);
        }

        return assigned;
    }
}
