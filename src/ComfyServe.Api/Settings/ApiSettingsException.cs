namespace ComfyServe.Api.Settings;

/// <summary>The service's configuration is wrong; the message has every mistake.</summary>
public sealed class ApiSettingsException : Exception
{
    /// <summary>Names every mistake.</summary>
    public ApiSettingsException(IReadOnlyList<string> problems)
        : base($"the configuration has {problems.Count} mistake{(problems.Count == 1 ? "" : "s")}:{Environment.NewLine}{string.Join(Environment.NewLine, problems.Select(p => $"- {p}"))}")
    {
        Problems = problems;
    }

    /// <summary>The mistakes.</summary>
    public IReadOnlyList<string> Problems { get; }
}
