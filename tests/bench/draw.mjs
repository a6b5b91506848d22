// A Vega-Lite chart as an SVG file that can be read aloud and stands on white and on dark backgrounds: it
// brings its own background, and follows the reader's colour scheme.
import { compile } from 'vega-lite';
import * as vega from 'vega';

/** Okabe and Ito's colours, which people with any colour vision can tell apart. */
export const BLUE = '#0072b2', SKY = '#56b4e9', ORANGE = '#e69f00', RED = '#d55e00', GREEN = '#009e73', PINK = '#cc79a7', YELLOW = '#f0e442';

/* Without a canvas Vega takes 0.8 em a letter, which leaves half a chart empty; this is the mean of common
 * sans-serif fonts, rounded up. */
vega.textMetrics.width = (item, words) => [words ?? item.text ?? ''].flat().join('').length * (item.fontSize ?? 11) * (item.fontWeight === 'bold' ? 0.62 : 0.56);

const style = `
  svg { color: #1f2328; font-family: system-ui, sans-serif; }
  .paper { fill: #ffffff; }
  @media (prefers-color-scheme: dark) { svg { color: #e6edf3; } .paper { fill: #161b22; } }`;

const font = 'system-ui, sans-serif';
const text = { labelColor: 'currentColor', titleColor: 'currentColor', labelFont: font, titleFont: font };
const config = {
  background: null,
  padding: 16,
  view: { stroke: null },
  bar: { stroke: 'currentColor', strokeWidth: 0.5, strokeOpacity: 0.6 },
  axis: {
    ...text, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal', titlePadding: 8, domainColor: 'currentColor', domainOpacity: 0.5,
    gridColor: 'currentColor', gridOpacity: 0.15, tickColor: 'currentColor', tickOpacity: 0.5, labelLimit: 300,
  },
  legend: { ...text, orient: 'top', labelFontSize: 12, title: null, symbolStrokeWidth: 0, symbolSize: 120, labelLimit: 400, columnPadding: 24, offset: 14 },
  header: { ...text, labelFontSize: 13, labelFontWeight: 'bold', labelAnchor: 'start', labelOrient: 'top', title: null },
  title: {
    color: 'currentColor', subtitleColor: 'currentColor', font, subtitleFont: font, anchor: 'start', frame: 'bounds', fontSize: 17, subtitleFontSize: 12,
    subtitlePadding: 6, offset: 18, subtitleLineHeight: 17,
  },
  text: { color: 'currentColor', font, fontSize: 12 },
};

const escape = (words) => words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/**
 * @param {object} spec of Vega-Lite, without title and config
 * @param {{ title: string, subtitle: string | string[], desc: string }} words desc: what the chart shows, for those who do not see it
 * @returns {Promise<string>}
 */
export async function drawSvg(spec, { title, subtitle, desc }) {
  const { spec: compiled } = compile({ ...spec, title: { text: title, subtitle }, config });
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logLevel: vega.Warn });
  const svg = await view.toSVG();
  view.finalize();
  const opening = /^<svg [^>]*>/.exec(svg)?.[0];
  if (!opening) throw new Error('draw: Vega gave no SVG');
  return `${opening.replace('<svg ', '<svg role="img" aria-labelledby="title desc" ')}
<title id="title">${escape(title)}</title>
<desc id="desc">${escape(desc)}</desc>
<style>${style}</style>
<rect class="paper" width="100%" height="100%" rx="8"/>
${svg.slice(opening.length)}\n`;
}
