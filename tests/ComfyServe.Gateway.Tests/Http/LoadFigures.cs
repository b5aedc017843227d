namespace ComfyServe.Gateway.Tests.Http;

/// <summary>What a server under load did.</summary>
/// <param name="PerSecond">Answers per second.</param>
/// <param name="P99">99th percentile of the time of an answer, milliseconds.</param>
/// <param name="Processor">Processor time of the whole process per answer, microseconds: what else the machine does hardly changes it.</param>
/// <param name="Bytes">Managed memory allocated by the whole process per answer.</param>
internal readonly record struct LoadFigures(double PerSecond, double P99, double Processor, double Bytes)
{
    /// <summary>The median of each figure.</summary>
    public static LoadFigures Median(IReadOnlyList<LoadFigures> rounds) =>
        new(Of(rounds, static r => r.PerSecond), Of(rounds, static r => r.P99), Of(rounds, static r => r.Processor), Of(rounds, static r => r.Bytes));

    private static double Of(IReadOnlyList<LoadFigures> rounds, Func<LoadFigures, double> figure) => rounds.Select(figure).Order().ElementAt(rounds.Count / 2);
}
