namespace ComfyServe.Api.Settings;

/// <summary>One environment variable.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Default">What holds without it, for the reference.</param>
/// <param name="Meaning">One sentence for the reference.</param>
/// <param name="Apply">Takes its value over; throws <see cref="FormatException"/> with what is expected.</param>
internal sealed record Setting(string Name, string Default, string Meaning, Action<ApiOptions, string> Apply);
