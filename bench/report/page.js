// Runs in the report's page: builds the tables and, when a work's section is opened, its charts. No network, no storage.
/* global uPlot, document, window */
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const main = document.querySelector('main');
  const colours = ['#2563eb', '#ea580c', '#16a34a', '#9333ea', '#db2777', '#0891b2', '#ca8a04', '#64748b'];
  const styles = getComputedStyle(document.documentElement);
  const fore = styles.getPropertyValue('--soft').trim();
  const line = styles.getPropertyValue('--line').trim();

  function element(tag, text, parent, className) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    parent?.append(made);
    return made;
  }

  function table(parent, head, rows, className) {
    const box = element('div', undefined, parent, 'scroll');
    const made = element('table', undefined, box, className);
    if (head) for (const title of head) element('th', title, made.tHead?.rows[0] ?? made.createTHead().insertRow());
    const body = made.createTBody();
    for (const cells of rows) {
      const row = body.insertRow();
      for (const cell of cells) element('td', cell, row);
    }
  }

  /** Several series with x values of their own, on one x axis. */
  function joined(series) {
    return series.length === 0 ? [[]] : uPlot.join(series.map(({ x, y }) => [x, y]));
  }

  const short = (value) =>
    value == null
      ? ''
      : Math.abs(value) >= 1e6
        ? `${+(value / 1e6).toPrecision(3)}M`
        : Math.abs(value) >= 1e4
          ? `${+(value / 1e3).toPrecision(3)}k`
          : `${+value.toPrecision(3)}`;

  function chart(parent, { title, explain, series, xLabel, yLabel, logX, logY, xValue }) {
    const drawn = series.filter(({ y }) => y.some((value) => value > 0));
    if (drawn.length === 0) return;
    const box = element('div', undefined, parent);
    element('h3', title, box);
    element('p', explain, box, 'soft');
    // On a logarithmic axis only whole decades get a line: the others would grey the chart.
    const decadesOnly = (_, splits) => splits.map((at) => (Math.abs(Math.log10(at) % 1) < 1e-9 ? at : null));
    const lines = (log) => ({ stroke: line, width: 1, ...(log && { filter: decadesOnly }) });
    const axis = (log) => ({ stroke: fore, grid: lines(log), ticks: lines(log) });
    const options = {
      width: Math.max(320, Math.min(560, box.clientWidth || 520)),
      height: 300,
      scales: {
        x: { time: false, distr: logX ? 3 : 1 },
        y: { distr: logY ? 3 : 1, range: logY ? undefined : (_, __, high) => [0, high * 1.05 || 1] },
      },
      axes: [
        {
          ...axis(logX),
          label: xLabel,
          values: xValue ? (_, ticks) => ticks.map((tick) => (tick == null ? '' : xValue(tick))) : undefined,
        },
        { ...axis(logY), label: yLabel, size: 64, values: (_, ticks) => ticks.map(short) },
      ],
      series: [
        { label: xLabel, value: (_, value) => (value == null ? '' : xValue ? xValue(value) : short(value)) },
        ...drawn.map(({ label, dash, tone }, index) => ({
          label,
          stroke: colours[(tone ?? index) % colours.length],
          width: 2,
          dash,
          spanGaps: true,
          points: { show: false },
          value: (_, value) => short(value),
        })),
      ],
    };
    new uPlot(
      options,
      joined(drawn.map(({ x, y }) => ({ x, y: logY ? y.map((value) => (value > 0 ? value : null)) : y }))),
      box,
    );
  }

  /** 1000 on the axis is the record that is worse than 999 of 1000: p99.9. */
  function percentile(inverse) {
    const log = Math.log10(inverse);
    if (Math.abs(log - Math.round(log)) > 0.001 && inverse > 2) return `p${+(100 * (1 - 1 / inverse)).toFixed(4)}`;
    const nines = Math.round(log);
    return nines <= 0 ? 'min' : nines === 1 ? 'p90' : `p99${nines > 2 ? `.${'9'.repeat(nines - 2)}` : ''}`;
  }

  const decades = (series) =>
    series.map(({ label, points }) => ({ label, x: points.map(([x]) => x), y: points.map(([, y]) => y) }));

  function drawWork(work, parent) {
    for (const warning of work.warnings) element('p', warning, parent, 'warn');
    const charts = element('div', undefined, parent, 'charts');
    const curves = (key) => decades(work.series.map((one) => ({ label: one.label, points: one[key] })));
    const shape = { xLabel: 'percentile', yLabel: 'ms', logX: true, logY: true, xValue: percentile };
    chart(charts, {
      ...shape,
      title: 'Acknowledgement latency',
      explain:
        'How long a record took until the broker acknowledged it. Further right are the slower ones: at p99.9, one record in a thousand took longer. Lower is better; a steep rise at the end is a pause.',
      series: curves('ack'),
    });
    chart(charts, {
      ...shape,
      title: 'End to end latency',
      explain: 'From the moment the record should have been sent until a consumer had it.',
      series: curves('endToEnd'),
    });
    chart(charts, {
      ...shape,
      title: 'Fetch latency',
      explain: 'How long the broker took to answer a consumer, waiting for new records included.',
      series: curves('fetch'),
    });
    for (const percentileName of work.ramp.length > 0 ? ['p50Ms', 'p99Ms', 'p999Ms'] : []) {
      const label = { p50Ms: 'p50', p99Ms: 'p99', p999Ms: 'p99.9' }[percentileName];
      chart(charts, {
        title: `Latency (${label}) by rate`,
        explain: 'Each point is one step of the ramp. Where the line bends upwards the broker no longer keeps up.',
        xLabel: 'records/s',
        yLabel: 'ms',
        logY: true,
        xValue: short,
        series: work.ramp.map((one) => ({ label: one.label, x: one.rates, y: one[percentileName] })),
      });
    }
    const over = (key, seconds = 'seconds') =>
      work.series.map((one) => ({ label: one.label, x: one[seconds], y: one[key] }));
    chart(charts, {
      title: 'Throughput over time',
      explain: 'Records acknowledged (or read) in each second. A dip is a pause; a slope is a broker that slows down.',
      xLabel: 'second',
      yLabel: 'records/s',
      series: over('records'),
    });
    chart(charts, {
      title: 'Latency over time',
      explain: 'The 99th percentile of each second; the dashed line is the slowest record of that second.',
      xLabel: 'second',
      yLabel: 'ms',
      logY: true,
      series: work.series.flatMap((one, tone) => [
        { label: `${one.label} p99`, x: one.seconds, y: one.p99Ms, tone },
        { label: `${one.label} max`, x: one.seconds, y: one.maxMs, dash: [4, 4], tone },
      ]),
    });
    chart(charts, {
      title: 'Broker CPU over time',
      explain: 'Cores that the broker kept busy: 1 is one core at all times. Less is better for the same work.',
      xLabel: 'second',
      yLabel: 'cores',
      series: over('brokerCores', 'brokerSeconds'),
    });
    chart(charts, {
      title: 'Broker memory over time',
      explain: 'Memory of the broker process (resident), without the page cache of the system.',
      xLabel: 'second',
      yLabel: 'MiB',
      series: over('brokerMib', 'brokerSeconds'),
    });
    element('h3', 'Settings', parent);
    table(parent, undefined, work.settings, 'facts');
  }

  element('h1', data.title, main);
  element('p', data.createdAt, main, 'soft');
  for (const note of data.notes) element('p', note, main);
  for (const { title, explain, table: content } of data.tables) {
    element('h2', title, main);
    element('p', explain, main, 'soft');
    table(main, content.head, content.rows);
  }
  element('h2', 'Charts', main);
  element(
    'p',
    'Open a section to see its charts. Drag across a chart to enlarge a part, double-click to go back.',
    main,
    'soft',
  );
  for (const [index, work] of data.works.entries()) {
    const section = element('details', undefined, main);
    element('summary', work.name, section);
    const draw = () => {
      if (section.open && section.children.length === 1) drawWork(work, element('div', undefined, section));
    };
    section.addEventListener('toggle', draw);
    section.open = index === 0 && data.works.length < 4;
    draw();
  }
  element('h2', 'Machine', main);
  table(main, undefined, data.machine, 'facts');
  if (data.limits.length > 0) element('pre', data.limits.join('\n'), main);
})();
