package sandbox

import "time"

// insert is cases/insertAttach.php. A client that goes away once its request is sent
// changes nothing: the case is created all the same.
func (c *CRM) insert(q *call) (answer, error) {
	f := c.draw()
	if f.when == onArrival {
		return c.strike(f, q, Case{}), nil
	}
	if err := c.admit(q); err != nil {
		return answer{}, err
	}
	b, err := readBody(q.Body)
	if err != nil {
		return answer{}, err
	}
	if c.blocks(b.fields) {
		return answer{}, errBlocked
	}
	if f.when == instead {
		return c.strike(f, q, Case{}), nil
	}
	if err := c.charge(q); err != nil {
		return answer{}, err
	}
	if err := c.check(b); err != nil {
		return answer{}, err
	}
	switch f.when {
	case slowly:
		time.Sleep(c.config.Faults.SlowBy)
	case behind:
		token := q.token
		time.AfterFunc(c.config.Faults.SlowBy, func() { c.create(token, f.name, b) }) // nobody is left to be told of an error
		return c.strike(f, q, Case{}), nil
	}
	k, err := c.create(q.token, f.name, b)
	if err != nil {
		return answer{}, err
	}
	return c.strike(f, q, k), nil
}

// strike answers as the fault wants it, under its name.
func (c *CRM) strike(f fault, q *call, k Case) answer {
	a := f.answer(c, q, k)
	a.name = f.name
	return a
}
