namespace ComfyServe.Training.Evaluation;

/// <summary>Shares of pictures that are right, 0 to 1.</summary>
public sealed record EvaluationReport
{
    /// <summary>Number of prompts for one shape.</summary>
    public required int Singles { get; init; }

    /// <summary>Background right, of the prompts for one shape.</summary>
    public required double Background { get; init; }

    /// <summary>Shape's colour right.</summary>
    public required double Color { get; init; }

    /// <summary>Shape right.</summary>
    public required double Shape { get; init; }

    /// <summary>All three right.</summary>
    public required double SingleAll { get; init; }

    /// <summary>Number of prompts for two shapes.</summary>
    public required int Pairs { get; init; }

    /// <summary>Both shapes there in their colours.</summary>
    public required double PairBoth { get; init; }

    /// <summary>Both there and placed as asked.</summary>
    public required double PairPlaced { get; init; }

    /// <summary>Background right, of the prompts for two shapes.</summary>
    public required double PairBackground { get; init; }

    /// <summary>Share of single prompts with all right, by guidance: 1 is none.</summary>
    public required IReadOnlyDictionary<string, double> SingleAllByGuidance { get; init; }

    /// <summary>Mean brightness of pictures of "a circle" with the negative prompt "white background", 0 to 1.</summary>
    public required double BrightnessWithoutWhite { get; init; }

    /// <summary>Mean brightness of pictures of "a circle" with the negative prompt "black background", 0 to 1.</summary>
    public required double BrightnessWithoutBlack { get; init; }

    /// <summary>Seconds for one picture, alone, with the settings used.</summary>
    public required double SecondsPerPicture { get; init; }

    /// <summary>Prompts whose picture is wrong, with what was found.</summary>
    public required IReadOnlyList<string> Wrong { get; init; }
}
