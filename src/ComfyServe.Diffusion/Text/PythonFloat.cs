using System.Globalization;

namespace ComfyServe.Diffusion.Text;

/// <summary>Reads a number in the form that Python's <c>float</c> takes, which prompts are written for.</summary>
internal static class PythonFloat
{
    /// <summary>True for a decimal number, <c>inf</c>, <c>infinity</c> or <c>nan</c> with sign and white space around;
    /// single underscores may stand between digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out double value)
    {
        var trimmed = text.Trim();
        var negative = trimmed.StartsWith("-");
        var unsigned = negative || trimmed.StartsWith("+") ? trimmed[1..] : trimmed;
        var magnitude = ParseUnsigned(unsigned.ToString().ToLowerInvariant());
        value = negative ? -magnitude.GetValueOrDefault() : magnitude.GetValueOrDefault();
        return magnitude is not null;
    }

    private static double? ParseUnsigned(string text) => text switch
    {
        "inf" or "infinity" => double.PositiveInfinity,
        "nan" => double.NaN,
        _ => ParseDigits(text),
    };

    private static double? ParseDigits(string digits)
    {
        for (var i = 0; i < digits.Length; i++)
        {
            var betweenDigits = i > 0 && i + 1 < digits.Length
                && char.IsAsciiDigit(digits[i - 1]) && char.IsAsciiDigit(digits[i + 1]);
            if (digits[i] == '_' ? !betweenDigits : i == 0 && !(char.IsAsciiDigit(digits[i]) || digits[i] == '.'))
            {
                return null;
            }
        }

        const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        var plain = digits.Replace("_", "", StringComparison.Ordinal);
        return double.TryParse(plain, Style, CultureInfo.InvariantCulture, out var value) ? value : null;
    }
}
